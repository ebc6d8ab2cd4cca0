#!lua flags=no-writes
-- Proves one page of what must hold of schedules: each is looked at unless it is paused or at its end, no run
-- stays open, and what is held back can be let go.
-- Returns as `audit`.
local jobs = KEYS[1]
local schedules = KEYS[2]
local schedule_state = KEYS[3]
local schedule_due = KEYS[4]
local schedule_runs = KEYS[5]
local schedule_held = KEYS[6]
local schedule_ended = KEYS[7]
local scheduled = KEYS[8]
local structure = ARGV[1] -- schedule_state, schedule_due, schedule_runs, schedule_held; schedule_waiting: jobs held back
local cursor = ARGV[2] -- empty: from the start
local limit = tonumber(ARGV[3]) -- members, 1 to 200

--# include lib/number.lua
--# include lib/state.lua
--# include lib/schedule.lua
--# include lib/audit_members.lua
--# include lib/audit_schedule.lua

check_numbers(1, limit)
local keys = { jobs = jobs, schedules = schedules, schedule_state = schedule_state, schedule_due = schedule_due,
  schedule_runs = schedule_runs, schedule_held = schedule_held, schedule_ended = schedule_ended }
limit = math.min(limit, 200)
local next_page, members
if structure == 'schedule_waiting' then
  local from = tonumber(cursor) or 0
  members = redis.call('ZRANGE', scheduled, held_back_ms, held_back_ms, 'BYSCORE', 'LIMIT', from, limit)
  next_page = #members == limit and string.format('%d', from + limit) or ''
else
  next_page, members = structure_page(keys, structure, cursor, limit)
end
local reply = { next_page, #members }

local function wrong(rule, key, member)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = rule, key, member
end

for _, member in ipairs(members) do audit_schedule(keys, structure, member, wrong) end
return reply
