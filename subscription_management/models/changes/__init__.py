from . import (
    actions,
    apply_change,
    change_plan,
    change_planner,
    forecast,
    line_changes,
    participants,
    transfer_merge_align,
    undo,
    upgrade,
)
