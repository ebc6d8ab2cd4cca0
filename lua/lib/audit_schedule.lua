-- Is this schedule (or its job) where its state says? `structure` is where it was met.
local function audit_schedule(keys, structure, member, wrong)
  if structure == 'schedule_state' or structure == 'schedule_due' then
    local mine = parse_schedule(redis.call('HGET', keys.schedule_state, member))
    if not mine then return wrong('a schedule has a state', keys[structure], member) end
    if redis.call('HEXISTS', keys.schedules, member) == 0 then
      wrong('a schedule has a definition', keys.schedules, member)
    end
    local due = redis.call('ZSCORE', keys.schedule_due, member)
    if (due and true or false) ~= (mine.paused == '0' and mine.cursor ~= 'end') then
      wrong('a schedule is due unless paused or at its end', keys.schedule_due, member)
    end
    if due and mine.cursor ~= '-' and tonumber(due) ~= 0 and tonumber(due) < tonumber(mine.cursor) then
      wrong('a schedule is not due before its cursor', keys.schedule_due, member)
    end
  elseif structure == 'schedule_runs' then
    local kind = string.match(redis.call('HGET', keys.schedule_runs, member) or '', '^%S+ %d+ %d+ (%S+) ')
    if not kind then return wrong('a run can be read', keys.schedule_runs, member) end
    if kind == '-' and redis.call('HEXISTS', keys.jobs, member) == 0 then
      for _, line in ipairs(redis.call('LRANGE', keys.schedule_ended, 0, -1)) do
        if string.sub(line, 1, #member + 1) == member .. ' ' then return end
      end
      wrong('an open run has a job, or word of its end', keys.schedule_runs, member)
    end
  elseif structure == 'schedule_waiting' then
    local options = select(4, parse_record(redis.call('HGET', keys.jobs, member) or ''))
    local before = options and record_option(options, 'b')
    if not before or redis.call('HGET', keys.schedule_held, before) ~= member then
      wrong('a job is held back behind another', keys.schedule_held, member)
    end
  else -- schedule_held: what waits for `member` can be let go, or has been
    local behind = redis.call('HGET', keys.schedule_held, member)
    local record = behind and redis.call('HGET', keys.jobs, behind)
    local options = record and select(4, parse_record(record))
    if options and record_option(options, 'b') ~= member then
      wrong('a job held back names the one before it', keys.schedule_held, member)
    end
  end
end
