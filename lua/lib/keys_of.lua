--# include lib/clock.lua
--# include lib/wake.lua
--# include lib/place.lua
--# include lib/unique.lua
--# include lib/write_all.lua
-- Jobs have changed their state: `moves` is a list of `{id, options, to}`, `to` being s scheduled, w waiting,
-- r running, or e for one that has ended. A key that is let go is free, or its heir's; in a state that holds
-- one, the job takes it if it is free.
local function move_keys(keys, moves, now)
  local digests, leaving, bytes = {}, {}, 0
  for _, move in ipairs(moves) do
    local digest, letters = unique_of(move.options)
    if move.to == 'e' then bytes = bytes + (tonumber(record_option(move.options, 'z')) or 0) end
    if digest and not string.find(letters, move.to) then
      digests[#digests + 1], leaving[#leaving + 1] = digest, move.id
    elseif digest and #letters < 3 then
      redis.call('HSETNX', keys.unique, digest, move.id)
    end
  end
  if bytes > 0 then redis.call('HINCRBY', keys.counts, 'bytes', -bytes) end
  if #digests == 0 then return end
  local owners, heirs = redis.call('HMGET', keys.unique, unpack(digests)), redis.call('HMGET', keys.heirs, unpack(digests))
  local free = {}
  for i, digest in ipairs(digests) do
    if owners[i] == leaving[i] and not heirs[i] then free[#free + 1] = digest end
    if owners[i] == leaving[i] and heirs[i] then let_heir_go(keys, digest, heirs[i], now) end
  end
  write_all('HDEL', keys.unique, free)
end
