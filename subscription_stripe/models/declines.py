"""Stripe's decline codes, by their remedy.

The codes and their meaning are those of https://docs.stripe.com/declines/codes.
"""

from odoo.addons.subscription_management.billing_core.collection import Decline

BY_CODE = {
    **dict.fromkeys(
        (
            "insufficient_funds",
            "withdrawal_count_limit_exceeded",
            "card_velocity_exceeded",
        ),
        Decline.FUNDS,
    ),
    **dict.fromkeys(
        (
            "processing_error",
            "issuer_not_available",
            "try_again_later",
            "reenter_transaction",
            "rate_limit",
            "lock_timeout",
        ),
        Decline.TEMPORARY,
    ),
    **dict.fromkeys(
        (
            "expired_card",
            "lost_card",
            "stolen_card",
            "pickup_card",
            "restricted_card",
            "incorrect_number",
            "invalid_number",
            "invalid_account",
            "invalid_expiry_month",
            "invalid_expiry_year",
            "incorrect_cvc",
            "invalid_cvc",
            "card_not_supported",
            "currency_not_supported",
            "fraudulent",
            "merchant_blacklist",
            "new_account_information_available",
            "no_action_taken",
            "not_permitted",
            "revocation_of_authorization",
            "revocation_of_all_authorizations",
            "security_violation",
            "service_not_allowed",
            "stop_payment_order",
            "transaction_not_allowed",
            "payment_method_unexpected_state",
            "resource_missing",
        ),
        Decline.HARD,
    ),
    "authentication_required": Decline.ACTION,
    "authentication_not_handled": Decline.ACTION,
}


def decline_of(error):
    """Return (decline, code) of an error object of Stripe's.

    Other codes are soft declines without a reason.
    """
    code = error.get("decline_code") or error.get("code") or ""
    return BY_CODE.get(code) or BY_CODE.get(error.get("code")) or Decline.OTHER, code
