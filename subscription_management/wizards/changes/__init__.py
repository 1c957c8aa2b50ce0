from . import change, schedule_changes, transfer_merge_align
