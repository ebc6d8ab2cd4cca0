-- What jobs occupy besides their place: a unique key, bytes of their queue's budget. Opts name it; a running
-- job that occupies something is marked so in its state, and for all others this costs nothing.
--# include lib/wake.lua
--# include lib/unique.lua
--# include lib/keys_of.lua

-- These jobs are in another state now, `to`: one word for all, as in `move_keys`. Called before their records
-- are deleted, and before any write; `gone` is a list of `{id, entry, marked}`, and only marked ones' records are read.
local function vacate(keys, gone, to, now)
  local ids, moves = {}, {}
  for _, job in ipairs(gone) do if job.marked then ids[#ids + 1] = job.id end end
  if #ids == 0 then return end
  touch({ keys.unique, keys.heirs }, { keys.scheduled }, { keys.wake }, keys.stream)
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(ids))) do
    moves[i] = { id = ids[i], options = record and select(4, parse_record(record)) or '-', to = to }
  end
  move_keys(keys, moves, now)
end
