"""The expected state of a case in a month of collecting, counted day by day.

It shares no line with the product: steps are evaluated one after the other, with the
day on which the last letter was sent.
"""

from enum import Enum


class Fate(Enum):
    """The fate of one charge."""

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
    def is_unanswered(self):
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
UNTIL_RESUMED = 10**6
"""The last day of a hold that a user has to end."""

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
        self.continues_round = False
        self.charges = 0
        self.sent_on = None
        self.letters, self.unsent = 0, []
        self.done = {}
        self.skipped = set()

    def run(self, day):
        """Execute the run of a day until nothing is left.

        Letters are sent last: none about a case that was paid meanwhile, and a later
        one about a case that is pending.
        """
        self.today = day
        self.advance(day)
        if self.is_open:
            if self.waits:
                for place in self.unsent:
                    del self.done[place]
            else:
                self.letters += len(self.unsent)
            self.unsent = []

    def advance(self, day):
        if not self.is_open:
            return
        if self.waits == "sending" and self.sent_on < day:
            self.waits = "unknown"
        if self.held_until is not None and self.held_until < day:
            self.held_until = None
        if self.waits:
            self.wants_charge = self.continues_round = False
            return
        if self.held_until is not None:
            return
        if self.wants_charge:
            self.charge(day)
        elif self.continues_round:
            self.charge_next(day)
        while self.is_open and not self.waits:
            place = self.next_place(day)
            if place is None:
                return
            self.do(place, day)

    def next_place(self, day):
        """Return the first due step, skipping those that a later one overtakes."""
        for place, (_number, action) in enumerate(STEPS):
            if place in self.done or place in self.skipped:
                continue
            if not self.is_ready(place, day):
                continue
            if action == "email" and self.is_overtaken(place, day, ("email",)):
                self.skipped.add(place)
            elif action.startswith("charge") and (
                not self.can_charge(action)
                or self.is_overtaken(place, day, ("charge", "charge_funds"))
            ):
                self.skipped.add(place)
            else:
                return place
        return None

    def is_ready(self, place, day):
        number, action = STEPS[place]
        if action.startswith("charge") and self.sent_on == day:
            return False
        late = 0
        if place > SUSPENSION:
            if SUSPENSION not in self.done:
                return False
            late = self.done[SUSPENSION] - STEPS[SUSPENSION][0]
        if action in SERVICE_STOPPING:
            sent = [
                before
                for before in self.done
                if before < place and STEPS[before][1] == "email"
            ]
            unsent = [
                before
                for before in range(place)
                if STEPS[before][1] == "email"
                and before not in self.done
                and before not in self.skipped
            ]
            if unsent:
                return False
            if sent:
                letter = max(sent)
                late = max(late, self.done[letter] - STEPS[letter][0])
        return day >= number + late

    def is_overtaken(self, place, day, actions):
        return any(
            STEPS[later][1] in actions
            and later not in self.done
            and later not in self.skipped
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
        elif action.startswith("charge"):
            self.charge(day)
        elif action == "email":
            self.unsent.append(place)
        elif action == "suspend" and self.service != "cancelled":
            self.service = "suspended"
        elif action == "cancel":
            self.service = "cancelled"

    def charge(self, day):
        """Charge all cards without a hard decline, one after the other."""
        self.tried = set()
        self.charge_next(day)

    def charge_next(self, day):
        """Charge the cards that this round has not tried yet."""
        self.wants_charge = self.continues_round = False
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
            if fate.is_unanswered:
                self.waits = "sending" if "KILLED" in fate.name else "unknown"
                return
            self.decline = fate
            self.cards[card] = fate is not Fate.HARD

    def decided(self, pays):
        """The bank decides a pending charge."""
        self.waits = None
        if pays:
            self.close()
        else:
            self.decline, self.continues_round = Fate.TEMPORARY, True

    def resolved(self):
        """A user resolves the last charge."""
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

    def reversed(self):
        """The payment is reversed: the case is on hold until a user resumes it."""
        self.is_open, self.held_until = True, UNTIL_RESUMED
        self.done, self.skipped = {}, set()

    def close(self):
        self.is_open, self.waits, self.unsent = False, None, []
        self.wants_charge = self.continues_round = False
        self.held_until, self.closed_on = None, self.today
        if self.service != "cancelled":
            self.service = "active"
