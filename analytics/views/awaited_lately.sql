-- One row per change and service that it waited for at some time since the calendar began, or waits for still.
--
-- What waited no more before the first day was merged before it, too, and lies in files that are not looked at.
select * from awaited_changes
where day is null or day >= (select min(day) from calendar)
