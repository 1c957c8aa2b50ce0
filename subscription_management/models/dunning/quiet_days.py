"""Quiet days and quiet hours: days off, holidays and nights without letters."""

from datetime import UTC, datetime, time, timedelta

import pytz

from ..model_part import ModelPart

QUIET_HORIZON = timedelta(days=150)
QUIET_DAYS = "managed_quiet_days"


class SubscriptionDunningQuiet(ModelPart):
    _register = False

    def _quiet_days(self, company, today):
        """Return the days without work in the months from a day."""
        self.ensure_one()
        if not self.content["keeps_days_off"]:
            return frozenset()
        known = self.env.context.get(QUIET_DAYS)
        if not isinstance(known, dict):
            return company._days_off(today)
        key = company, today
        if key not in known:
            known[key] = company._days_off(today)
        return known[key]

    def _first_letter_time(self, company, moment):
        """Return the first moment, not before `moment`, at which letters are sent."""
        self.ensure_one()
        zone = pytz.timezone(company.partner_id.tz or "UTC")
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        day = local.date()
        quiet = self._quiet_days(company, day)
        opens, closes = self.content["hour_from"], self.content["hour_to"]
        hour = local.hour + local.minute / 60
        if day not in quiet and opens <= hour < closes:
            return moment
        if hour >= closes:
            day += timedelta(days=1)
        while day in quiet:
            day += timedelta(days=1)
        minutes = round(opens * 60)
        start = datetime.combine(day, time(*divmod(minutes, 60)))
        return zone.localize(start).astimezone(UTC).replace(tzinfo=None)


class ResCompanyDaysOff(ModelPart):
    _register = False

    def _days_off(self, today):
        """Return the days without work in the company's calendar, from `today`.

        A calendar without any work has no days off.
        """
        self.ensure_one()
        calendar = self.resource_calendar_id
        if not calendar:
            return frozenset()
        zone = pytz.timezone(calendar.tz or self.partner_id.tz or "UTC")
        start = zone.localize(datetime.combine(today, time.min))
        end = start + QUIET_HORIZON
        work = calendar._work_intervals_batch(start, end)[False]
        worked = {begins.astimezone(zone).date() for begins, _end, _rows in work}
        if not worked:
            return frozenset()
        days = (today + timedelta(days=number) for number in range(QUIET_HORIZON.days))
        return frozenset(day for day in days if day not in worked)
