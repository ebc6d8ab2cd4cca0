--# include lib/tally_ran.lua
-- What started, and how long it had been free to: since its entry, or its place in the line, was made. That of a job
-- that comes back from a worker is not counted again. `entry` is nil where a claim is told once more.
local tally_last = { tag = ' ', task = '' }
local function tally_start(groups, record, entry, place, first)
  if not entry then return end
  local tag = tally_last.tag
  if place or string.sub(record, #entry + 2, #entry + 1 + #tag) ~= tag or tag == ' ' then
    tally_last.task = string.match(record, '^%S+ (%S+) ') or '(other)' -- a damaged record
    tally_last.tag = ' ' .. tally_last.task .. ' '
  end
  local since = ''
  if not place or place == 'W' then since = string.sub(entry, 1, 13)
  elseif place == 'P' and first then since = string.sub(entry, 3, 15) end
  tally_group(groups, tally_last.task, since)
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
