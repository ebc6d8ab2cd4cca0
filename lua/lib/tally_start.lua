--# include lib/tally_count.lua
-- What started, and how long it had been free to: since its entry, or its place in the line, was made. That of a job
-- that comes back from a worker is not counted again. `entry` is nil where a claim is told once more.
local tally_tag, tally_of = nil, nil -- of the job before: most of a batch are alike
local function tally_start(groups, record, entry, place, first)
  if not entry then return end
  if place or not tally_tag or string.sub(record, #entry + 2, #entry + 1 + #tally_tag) ~= tally_tag then
    local task = string.match(record, '^%S+ (%S+) ') or '(other)' -- a damaged record
    tally_tag, groups[task] = ' ' .. task .. ' ', groups[task] or {}
    tally_of = groups[task]
  end
  local since = (not place or place == 'W') and string.sub(entry, 1, 13)
    or (place == 'P' and first) and string.sub(entry, 3, 15) or ''
  tally_of[since] = (tally_of[since] or 0) + 1
end

-- Counts what started as well; `batch` has what else became of jobs.
local function tally_started(sums, groups, batch, now)
  for task, of in pairs(groups) do
    for since, n in pairs(of) do
      tally_add(batch, task, tally_fields.started, n)
      tally_time(batch, task, tally_fields.waited, tonumber(since) and now - since, n)
    end
  end
  tally_write(sums, batch, now)
end
