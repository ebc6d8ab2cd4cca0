-- Up to `limit` distinct ids, each the first part of members of a lexical sorted set: that limiter's (kind
-- and name) and those of its keys, behind `cursor`. And the cursor of the next step; empty: these were all.
-- A step in the set for each id, however many members it has.
local function limiter_ids(zset, limiter, cursor, limit)
  local found = {}
  local from, to = cursor == '' and '[' .. limiter .. '\0' or '(' .. cursor .. '\1', '(' .. limiter .. '"'
  while #found < limit do
    local member = redis.call('ZRANGE', zset, from, to, 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then return found, '' end
    found[#found + 1] = string.match(member, '^(%Z+)')
    from = '(' .. found[#found] .. '\1'
  end
  return found, found[limit]
end
