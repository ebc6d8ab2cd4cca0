-- Which jobs of an enqueue are new? Returns a word per job, and of the new ones their numbers and, where
-- they have an idempotency key, `keyed[n] = {key, "id digest", ttl_ms}`. Item `n` has its id in `ids[n]`
-- and its idempotency text in ARGV. A repeated call has nothing new.
local function sort_out(jobs, ids, first_item, first_idem, repeated)
  local words, fresh, keyed, firsts, seen = {}, {}, {}, {}, {}
  local known = redis.call('HMGET', jobs, unpack(ids))
  for n, id in ipairs(ids) do
    local idem = ARGV[first_item + 7 * n - 4]
    local key, ttl_ms, digest, first_id, first_digest
    if idem ~= '-' then
      local index
      index, ttl_ms, digest = string.match(idem, '^(%d+) (%d+) (%S+)$')
      check_numbers(1, tonumber(index), tonumber(ttl_ms))
      key = KEYS[first_idem + index - 1]
      first_id, first_digest = string.match(firsts[key] or redis.call('GET', key) or '', '^(%S+) (%S+)$')
    end
    if first_id and first_id ~= id then
      words[n] = (first_digest == digest and 'EXISTS ' or 'CONFLICT ') .. first_id
    elseif repeated or first_id or known[n] or seen[id] then
      words[n] = 'ALREADY'
    else
      words[n], seen[id] = 'OK', true
      fresh[#fresh + 1] = n
      if key then
        firsts[key] = id .. ' ' .. digest
        keyed[n] = { key, firsts[key], ttl_ms }
      end
    end
  end
  return words, fresh, keyed
end
