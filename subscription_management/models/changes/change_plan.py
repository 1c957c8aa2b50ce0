"""A change of a subscription as values, before it is written."""

from dataclasses import dataclass, field, replace
from datetime import date

from ...billing_core.invoice_plan import reopened_from
from ...billing_core.line import Line


@dataclass
class ChangePlan:
    """The lines after a change, and the values of the records that make it real."""

    lines: tuple[Line, ...]
    values: dict[int, dict]
    """For each line the values of its record; new lines have negative keys."""
    ended: dict[int, date] = field(default_factory=dict)
    """For each line that the change ends, its new end."""
    effective: date | None = None
    """The first day on which the service changes."""
    continued: dict[int, int] = field(default_factory=dict)
    """For each follow-up line, the key of the line that it replaces."""

    @property
    def added(self):
        """Return the values of the new lines, by key."""
        return {key: values for key, values in self.values.items() if key < 0}

    def reopen_from(self, day):
        """Let all days from one be billed again, as a new pause requires."""
        self.lines = tuple(
            replace(line, closed_until=reopened_from(line, day)) for line in self.lines
        )

    def cancel_from(self, day):
        """End the service on a day."""
        self.reopen_from(day)
        self.lines = tuple(_ended_by(line, day) for line in self.lines)


def _ended_by(line, day):
    """Return a line with its calendar, neither of which lasts beyond a day."""
    is_cut = line.end is None or line.end > day
    return replace(
        line,
        end=max(day, line.start) if is_cut else line.end,
        charged_until=None if is_cut else line.charged_until,
        calendar=replace(line.calendar, end=max(day, line.calendar.start)),
    )
