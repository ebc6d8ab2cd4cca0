-- Gives a schedule another definition, or makes it: `author` is the fingerprint of the code that declares it,
-- `-` where it was given at run time; without a definition it has moved to another queue. Where its timing
-- is the same its ticks go on as they were, else the next one is the first after `now`.
local function redefine(keys, name, old, author, timing, definition, now)
  local gone = definition == ''
  local new = old or { version = '0', anchor = now, base = now, cursor = '-', paused = '0', timing = timing,
    last = '-', held = '-', fired = '0', missed = '0', skipped = '0' }
  if gone then
    new.cursor = 'end'
  elseif old and (old.timing ~= timing or old.cursor == 'end') then
    new.cursor, new.base, new.anchor = '-', now, now
  end
  new.timing, new.version = timing, whole(tonumber(new.version) + 1)
  redis.call('HSET', keys.schedules, name, author .. '\n' .. definition)
  redis.call('HSET', keys.schedule_state, name, schedule_text(new))
  if gone or new.paused == '1' then
    redis.call('ZREM', keys.schedule_due, name)
  else
    redis.call('ZADD', keys.schedule_due, 0, name) -- to be aimed at once
  end
end
