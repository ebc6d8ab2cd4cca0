--# include lib/accept.lua
--# include lib/entries.lua
--# include lib/vacate.lua
--# include lib/unique_call.lua
--# include lib/unify.lua
-- As accept_jobs, for scripts that can refuse none of them: which may have a unique key, or count in a budget.
-- `keys` names also errors, returned, stranded and checkpoints. In two steps, as there.
local function check_keyed(keys, values, first, fresh)
  touch_line()
  touch({ keys.state, keys.errors, keys.checkpoints, keys.counts }, { keys.returned, keys.stranded, keys.scheduled })
  for _, n in ipairs(fresh) do keys.is_keyed = keys.is_keyed or string.find(',' .. values[first + 7 * n - 2], ',[uz]=') end
  if keys.is_keyed then check_unique(values, first, fresh) end
end

local function accept_keyed(keys, values, first, fresh, times, now)
  if not keys.is_keyed then return accept_jobs(keys, values, first, fresh, times) end
  local park = keys.park
  for _, name in ipairs({ 'unique', 'heirs', 'pumped' }) do keys[name] = park[name] end
  park.state, park.scheduled, park.counts = keys.state, keys.scheduled, keys.counts
  unify(keys, values, first, fresh, times, {}, now)
end
