-- Removals and additions to a lexical sorted set, and fields set and removed of a hash; empty lists cost nothing.
local function change_lex(key, gone, added)
  if #gone > 0 then redis.call('ZREM', key, unpack(gone)) end
  if #added > 0 then redis.call('ZADD', key, unpack(added)) end
end

local function change_hash(key, unset, set)
  if #set > 0 then redis.call('HSET', key, unpack(set)) end
  if #unset > 0 then redis.call('HDEL', key, unpack(unset)) end
end

-- The first member of a lexical sorted set whose first part is `prefix`, or nil.
local function first_lex(key, prefix)
  return redis.call('ZRANGE', key, '[' .. prefix .. '\0', '(' .. prefix .. '\1', 'BYLEX', 'LIMIT', 0, 1)[1]
end

-- What stands behind the first part.
local function behind(member, prefix)
  return member and string.sub(member, #prefix + 2)
end

-- How many have that first part.
local function count_lex(key, prefix)
  return redis.call('ZLEXCOUNT', key, '[' .. prefix .. '\0', '(' .. prefix .. '\1')
end
