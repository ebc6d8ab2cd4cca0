-- Calls with the same unique key make one job. `values`, `first`, `fresh` and `times` are accept_jobs' own:
-- accepts what is new, and writes the word of each other call into `words`.
--# include lib/meet.lua

local function unify(keys, values, first, fresh, times, words, now)
  local run = {} -- new, and not yet accepted: one script call may name a key twice
  for _, n in ipairs(fresh) do
    local item = first + 7 * (n - 1)
    local id, task, options = values[item], values[item + 4], values[item + 5]
    local digest, letters, mode = unique_of(options)
    local holder = digest and redis.call('HGET', keys.unique, digest)
    if holder then
      accept_jobs(keys, values, first, run, times)
      run = {}
    end
    if holder and redis.call('HEXISTS', keys.jobs, holder) == 1 then
      if times.ends[n] then options = options .. ',x=' .. whole(times.ends[n]) end
      words[n] = meet(keys, { id = id, task = task, options = options, body = values[item + 6], due = times.dues[n],
        digest = digest, letters = letters, mode = mode }, holder, now)
      times.asleep = redis.call('LLEN', keys.wake) == 0
    else
      if digest then
        local due, longer = debounced(options, '-', now)
        times.dues[n], values[item + 5] = due or times.dues[n], longer
        if string.find(letters, times.dues[n] and 's' or 'w') then redis.call('HSET', keys.unique, digest, id) end
      end
      local bytes = tonumber(record_option(options, 'z'))
      if bytes then redis.call('HINCRBY', keys.counts, 'bytes', bytes) end
      run[#run + 1] = n
    end
  end
  accept_jobs(keys, values, first, run, times)
end
