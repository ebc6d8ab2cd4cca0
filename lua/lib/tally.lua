-- How many settings of a kind there are, so that claims ask for them only while there is one. True: none is left.
local function tally(limits, kind, by)
  if by == 0 then return end
  if redis.call('HINCRBY', limits, kind, by) > 0 then return false end
  redis.call('HDEL', limits, kind)
  return true
end
