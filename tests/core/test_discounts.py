from decimal import Decimal

import pytest
from billing_core.discounts import Discount, discounted
from billing_core.errors import InvalidDiscount
from hypothesis import given
from hypothesis import strategies as st


def share(percent="0", fixed="0", cycles=None):
    return Discount(Decimal(percent), Decimal(fixed), cycles)


@pytest.mark.parametrize(("percent", "fixed"), [("101", "0"), ("-1", "0"), ("0", "-1")])
def test_a_discount_that_is_none_is_refused(percent, fixed):
    with pytest.raises(InvalidDiscount):
        share(percent, fixed)


def test_shares_are_of_what_the_shares_before_have_left():
    assert discounted(Decimal(100), [share("10"), share("10")]) == 81


def test_all_shares_come_before_the_amounts():
    assert discounted(Decimal(100), [share(fixed="5"), share("10")]) == 85


def test_a_credit_is_not_discounted_into_a_charge():
    assert discounted(Decimal(-10), [share(fixed="5")]) == -10


@pytest.mark.parametrize(
    ("cycles", "held"), [(None, [0, 1, 2, 99]), (2, [0, 1]), (0, [])]
)
def test_a_discount_holds_for_its_cycles(cycles, held):
    discount = share("10", cycles=cycles)
    assert [cycle for cycle in (0, 1, 2, 99) if discount.holds_in(cycle)] == held


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
SHARES = st.decimals(min_value=0, max_value=100, places=1)


@given(AMOUNTS, st.lists(st.builds(Discount, SHARES, AMOUNTS), max_size=4))
def test_a_discounted_price_lies_between_nothing_and_the_price(price, discounts):
    assert 0 <= discounted(price, discounts) <= price
