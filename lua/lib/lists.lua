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
