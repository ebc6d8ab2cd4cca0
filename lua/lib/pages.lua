local function whole_rank(rank) return string.format("%d", rank) end

-- Pages of ids; each returns the next cursor, then ids. A cursor is a rank, or an entry of the stream.
local function set_page(key, newest_first, cursor, limit)
  local from = tonumber(cursor) or 0
  local members = redis.call(newest_first and 'ZREVRANGE' or 'ZRANGE', key, from, from + limit - 1)
  local reply = { #members == limit and whole_rank(from + limit) or '' }
  for i, member in ipairs(members) do reply[i + 1] = string.match(member, '(%S+)$') end
  return reply
end

local function waiting_page(stream, returned, cursor, limit)
  if not string.find(cursor, '-', 1, true) then
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

-- By claim: a page holds the running jobs of as many whole claims as make it full.
local function running_page(leases, claims, state, cursor, limit)
  local rank, reply = tonumber(cursor) or 0, { '' }
  local tokens = redis.call('ZRANGE', leases, rank, rank + limit - 1)
  for _, token in ipairs(tokens) do
    local list = string.match(redis.call('HGET', claims, token) or '', '^%S+ %d+ (.*)$') or ''
    local ids = {}
    for id in string.gmatch(list, '%S+') do ids[#ids + 1] = id end
    local states = #ids > 0 and redis.call('HMGET', state, unpack(ids)) or {}
    for i, id in ipairs(ids) do
      local job_place, _, _, _, holder = parse_state(states[i])
      if job_place == 'R' and holder == token then reply[#reply + 1] = id end
    end
    rank = rank + 1
    if #reply > limit then break end
  end
  if redis.call('ZCARD', leases) > rank then reply[1] = whole_rank(rank) end
  return reply
end
