"""What a month of collecting comes to by the rules, counted day by day.

It shares no line with the product: steps are looked at one after the other, with the
day on which the last letter was really written.
"""

from enum import Enum


class Fate(Enum):
    """What becomes of one charge."""

    PAYS = "pays"
    FUNDS = "insufficient_funds"
    HARD = "lost_card"
    TEMPORARY = "processing_error"
    PENDING = "pending"
    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"
    KILLED_BEFORE = "killed_before"
    KILLED_AFTER = "killed_after"

    @property
    def takes_money(self):
        return self in (Fate.PAYS, Fate.LOST_AFTER, Fate.KILLED_AFTER)

    @property
    def is_unheard(self):
        return self in (
            Fate.LOST_BEFORE,
            Fate.LOST_AFTER,
            Fate.KILLED_BEFORE,
            Fate.KILLED_AFTER,
        )

    @classmethod
    def weights(cls):
        return [
            (cls.PAYS, 5),
            (cls.FUNDS, 4),
            (cls.HARD, 2),
            (cls.TEMPORARY, 2),
            (cls.PENDING, 2),
            (cls.LOST_BEFORE, 1),
            (cls.LOST_AFTER, 1),
            (cls.KILLED_BEFORE, 1),
            (cls.KILLED_AFTER, 1),
        ]


STEPS = (
    (1, "past_due"),
    (3, "charge"),
    (3, "email"),
    (5, "charge_funds"),
    (10, "email"),
    (15, "suspend"),
    (15, "email"),
    (30, "cancel"),
)
FOR_GOOD = 10**6
"""The day until which a case waits that somebody has to let go on."""

SUSPENSION = STEPS.index((15, "suspend"))
SERVICE_STOPPING = ("suspend", "cancel")


class CaseModel:
    """One unpaid invoice; days are counted from its due date."""

    def __init__(self, fate_of):
        self.fate_of = fate_of
        self.is_open = True
        self.today = 0
        self.closed_on = None
        self.service = "active"
        self.waits = None
        self.held_until = None
        self.decline = None
        self.cards = [True]
        self.tried = set()
        self.wants_charge = True
        self.goes_on_charging = False
        self.charges = 0
        self.sent_on = None
        self.letters, self.unwritten = 0, []
        self.done = {}
        self.passed = set()

    def run(self, day):
        """Do what a run of a day does, again and again until nothing is left.

        Letters are written last: of what is paid meanwhile nobody is reminded, and of
        what is at the bank later.
        """
        self.today = day
        self.advance(day)
        if self.is_open:
            if self.waits:
                for place in self.unwritten:
                    del self.done[place]
            else:
                self.letters += len(self.unwritten)
            self.unwritten = []

    def advance(self, day):
        if not self.is_open:
            return
        if self.waits == "sending" and self.sent_on < day:
            self.waits = "unknown"
        if self.held_until is not None and self.held_until < day:
            self.held_until = None
        if self.waits:
            self.wants_charge = self.goes_on_charging = False
            return
        if self.held_until is not None:
            return
        if self.wants_charge:
            self.charge(day)
        elif self.goes_on_charging:
            self.charge_next(day)
        while self.is_open and not self.waits:
            place = self.next_place(day)
            if place is None:
                return
            self.do(place, day)

    def next_place(self, day):
        """Return the first step that is due, passing over what is overtaken."""
        for place, (_number, action) in enumerate(STEPS):
            if place in self.done or place in self.passed:
                continue
            if not self.is_ready(place, day):
                continue
            if action == "email" and self.is_overtaken(place, day, ("email",)):
                self.passed.add(place)
            elif action.startswith("charge") and (
                not self.can_charge(action)
                or self.is_overtaken(place, day, ("charge", "charge_funds"))
            ):
                self.passed.add(place)
            else:
                return place
        return None

    def is_ready(self, place, day):
        number, action = STEPS[place]
        late = 0
        if place > SUSPENSION:
            if SUSPENSION not in self.done:
                return False
            late = self.done[SUSPENSION] - STEPS[SUSPENSION][0]
        if action in SERVICE_STOPPING:
            written = [
                before
                for before in self.done
                if before < place and STEPS[before][1] == "email"
            ]
            unwritten = [
                before
                for before in range(place)
                if STEPS[before][1] == "email"
                and before not in self.done
                and before not in self.passed
            ]
            if unwritten:
                return False
            if written:
                letter = max(written)
                late = max(late, self.done[letter] - STEPS[letter][0])
        return day >= number + late

    def is_overtaken(self, place, day, actions):
        return any(
            STEPS[later][1] in actions
            and later not in self.done
            and later not in self.passed
            and self.is_ready(later, day)
            and (STEPS[later][1] == "email" or self.can_charge(STEPS[later][1]))
            for later in range(place + 1, len(STEPS))
        )

    def can_charge(self, action):
        if not any(self.cards):
            return False
        return action == "charge" or self.decline is Fate.FUNDS

    def do(self, place, day):
        self.done[place] = day
        action = STEPS[place][1]
        if action == "past_due" and self.service == "active":
            self.service = "past_due"
        elif action.startswith("charge") and self.sent_on != day:
            self.charge(day)
        elif action == "email":
            self.unwritten.append(place)
        elif action == "suspend" and self.service != "cancelled":
            self.service = "suspended"
        elif action == "cancel":
            self.service = "cancelled"

    def charge(self, day):
        """Go through all cards that are not refused for good."""
        self.tried = set()
        self.charge_next(day)

    def charge_next(self, day):
        """Go through the cards that this attempt has not tried."""
        self.wants_charge = self.goes_on_charging = False
        for card, is_good in enumerate(self.cards):
            if not is_good or card in self.tried:
                continue
            self.tried.add(card)
            fate = self.fate_of(self.charges)
            self.charges += 1
            self.last_fate, self.sent_on = fate, day
            if fate is Fate.PAYS:
                self.close()
                return
            if fate is Fate.PENDING:
                self.waits = "pending"
                return
            if fate.is_unheard:
                self.waits = "sending" if "KILLED" in fate.name else "unknown"
                return
            self.decline = fate
            self.cards[card] = fate is not Fate.HARD

    def decided(self, pays):
        """The bank has decided what was pending."""
        self.waits = None
        if pays:
            self.close()
        else:
            self.decline, self.goes_on_charging = Fate.TEMPORARY, True

    def settled(self):
        """A person has found out what became of the last charge."""
        self.waits = None
        if self.last_fate.takes_money:
            self.close()
        else:
            self.decline, self.wants_charge = Fate.TEMPORARY, True

    def new_card(self):
        self.cards.append(True)
        self.wants_charge = True

    def promised(self, until):
        self.held_until = until

    def taken_back(self):
        """What was paid was taken back: nothing is done until somebody says so."""
        self.is_open, self.held_until = True, FOR_GOOD
        self.done, self.passed = {}, set()

    def close(self):
        self.is_open, self.waits, self.unwritten = False, None, []
        self.wants_charge = self.goes_on_charging = False
        self.held_until, self.closed_on = None, self.today
        if self.service != "cancelled":
            self.service = "active"
