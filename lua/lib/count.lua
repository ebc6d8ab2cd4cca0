-- Adds to the queue's counters; fields and amounts in turn, zero amounts cost nothing.
local function count(counts, ...)
  local pairs_in = { ... }
  for i = 1, #pairs_in, 2 do
    if pairs_in[i + 1] ~= 0 then redis.call('HINCRBY', counts, pairs_in[i], pairs_in[i + 1]) end
  end
end
