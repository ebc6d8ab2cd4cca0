--# include lib/class.lua
--# include lib/lists.lua
--# include lib/placed.lua
-- The rules of the line, for a member of each of its structures: true where it holds.
local line_rules = {}

local function state_of(keys, id)
  local record = redis.call('HGET', keys.jobs, id)
  local place, _, _, entry, _, aside = parse_state(redis.call('HGET', keys.state, id))
  local _, where, task, options = parse_record(record or '')
  if not task then return nil end
  if not place then place, entry = string.sub(where, 1, 1) == '&' and 'P' or 'W', where end
  return place, entry, class_of(task, options), aside
end

function line_rules.parked(keys, member)
  local class, order, id = string.match(member, '^([^%z]+)%z(%S+) (.*)$')
  local place, entry, own = state_of(keys, id)
  return place == 'P' and entry == '&' .. order and own == class and redis.call('HEXISTS', keys.places, class) == 1
end

function line_rules.line(keys, member)
  local gate, lane, head, class = string.match(member, '^([^%z]+)%z([^%z]*)%z([^%z]+)%z(.*)$')
  local at, first, mark = class_place(redis.call('HGET', keys.places, class))
  return first_lex(keys.parked, class) == class .. '\0' .. head and string.match(class, '|([^|]*)') == lane
    and at == gate and first == head and (mark == '' or count_lex(keys.parked, class) == 1)
end

function line_rules.turns(keys, member)
  local gate, key, lane = string.match(member, '^([^%z]+)%z(%d+)%z(.*)$')
  local seat = gate .. '\0' .. lane
  local first = first_lex(keys.line, seat)
  local turn, class = seat_place(redis.call('HGET', keys.places, seat))
  return first and turn == key and redis.call('ZSCORE', keys.gates, gate)
    and string.sub(first, #seat + 2, #seat + 2) == string.sub(key, 1, 1)
    and (class == '' or (count_lex(keys.line, seat) == 1 and string.sub(first, -#class - 1) == '\0' .. class))
end
