from decimal import Decimal

import pytest
from billing_core.discounts import Discount, discounted, spread
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


@pytest.mark.parametrize(
    ("amount", "prices", "shares"),
    [
        ("50", ["30", "700"], ["30", "20"]),
        ("50", ["700", "30"], ["50", "0"]),
        ("50", ["30", "15", "5", "9"], ["30", "15", "5", "0"]),
        ("50", ["0", "-10", "700"], ["0", "0", "50"]),
        ("50.01", ["16.67", "16.67", "16.67"], ["16.67", "16.67", "16.67"]),
        # More than all cost: the last one has the rest for when it costs more.
        ("50", ["30"], ["50"]),
        ("50", ["30", "10"], ["30", "20"]),
        # What is used costs nobody knows what: the others come first.
        ("50", [None, "30"], ["20", "30"]),
        ("50", [None, "70", None], ["0", "50", "0"]),
        ("50", [None, None], ["50", "0"]),
        ("50", [], []),
    ],
)
def test_an_amount_is_borne_in_the_order_of_the_prices(amount, prices, shares):
    known = [price and Decimal(price) for price in prices]
    assert spread(Decimal(amount), known) == [Decimal(share) for share in shares]


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
SHARES = st.decimals(min_value=0, max_value=100, places=1)


@given(AMOUNTS, st.lists(st.builds(Discount, SHARES, AMOUNTS), max_size=4))
def test_a_discounted_price_lies_between_nothing_and_the_price(price, discounts):
    assert 0 <= discounted(price, discounts) <= price


@given(AMOUNTS, st.lists(st.none() | AMOUNTS, min_size=1, max_size=5))
def test_the_parts_of_an_amount_off_add_up_to_it(amount, prices):
    shares = spread(amount, prices)
    assert sum(shares) == amount
    assert min(shares) >= 0
