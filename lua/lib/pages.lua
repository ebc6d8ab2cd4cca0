-- Pages of ids; each returns the next cursor, then ids. A cursor is a rank, or an entry of the stream.
local function set_page(key, newest_first, cursor, limit)
  local from = tonumber(cursor) or 0
  local members = newest_first and redis.call('ZRANGE', key, from, from + limit - 1, 'REV')
    or redis.call('ZRANGE', key, from, from + limit - 1)
  local reply = { #members == limit and string.format('%d', from + limit) or '' }
  for i, member in ipairs(members) do reply[i + 1] = string.match(member, '(%S+)$') end
  return reply
end

local function waiting_page(stream, returned, cursor, limit)
  if not string.find(cursor, '%-') then
    local reply = set_page(returned, false, cursor, limit)
    if reply[1] == '' then reply[1] = '0-0' end
    if #reply > 1 then return reply end
    cursor = '0-0'
  end
  local _, last_delivered = pending_count(stream)
  local from = cursor == '0-0' and last_delivered or cursor
  local entries = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', limit)
  local reply = { #entries == limit and entries[#entries][1] or '' }
  for i, entry in ipairs(entries) do reply[i + 1] = entry[2][2] end
  return reply
end

-- In no order: each of them is next at a key of its own.
local function heirs_page(heirs, cursor, limit)
  local read = redis.call('HSCAN', heirs, cursor == '' and '0' or cursor, 'COUNT', limit)
  local reply = { read[1] == '0' and '' or read[1] }
  for i = 2, #read[2], 2 do reply[#reply + 1] = read[2][i] end
  return reply
end
