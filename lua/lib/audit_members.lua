-- A page of a structure's members (job ids, or claim tokens): the next cursor and the members.
local function structure_page(keys, structure, cursor, limit)
  local members = {}
  if structure == 'stream' or structure == 'pending' then
    local from = cursor == '' and '-' or '(' .. cursor
    local entries = structure == 'stream' and redis.call('XRANGE', keys.stream, from, '+', 'COUNT', limit)
      or redis.pcall('XPENDING', keys.stream, 'workers', from, '+', limit)
    for i, entry in ipairs(entries) do -- an error where there is no group: nothing is pending
      local read = structure == 'stream' and entry or redis.call('XRANGE', keys.stream, entry[1], entry[1])[1]
      members[i] = read and read[2][2] or entry[1]
    end
    return #entries == limit and entries[#entries][1] or '', members
  end
  local kind = redis.call('TYPE', keys[structure]).ok
  if kind == 'zset' then
    local from = tonumber(cursor) or 0
    for i, member in ipairs(redis.call('ZRANGE', keys[structure], from, from + limit - 1)) do
      members[i] = structure == 'stranded' and string.match(member, '(%S+)$') or member
    end
    return #members == limit and string.format('%d', from + limit) or '', members
  end
  local read = redis.call('HSCAN', keys[structure], cursor == '' and '0' or cursor, 'COUNT', limit)
  for i = 1, #read[2], 2 do members[#members + 1] = read[2][i] end
  return read[1] == '0' and '' or read[1], members
end
