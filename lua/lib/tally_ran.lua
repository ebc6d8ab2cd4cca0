--# include lib/tally_count.lua
-- Times by task, collected as `groups[task][text] = how many`: most jobs of a batch are alike.
local function tally_group(groups, task, text)
  local of = groups[task]
  if not of then
    of = {}
    groups[task] = of
  end
  of[text] = (of[text] or 0) + 1
end

-- Counts runs that have ended: how long (ms) each took.
local function tally_ran(sums, groups, field, now)
  local batch = {}
  for task, of in pairs(groups) do
    for ms, n in pairs(of) do
      tally_add(batch, task, field, n)
      tally_time(batch, task, tally_fields.ran, tonumber(ms), n)
    end
  end
  tally_write(sums, batch, now)
end
