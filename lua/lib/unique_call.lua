-- Refuses what can't be read, before the first write.
local function check_unique(values, first, fresh)
  for _, n in ipairs(fresh) do
    local options = values[first + 7 * (n - 1) + 5]
    if string.find(',' .. options, ',[udz]=') then
      local u, d, b = record_option(options, 'u'), record_option(options, 'd'), record_option(options, 'z')
      if u and not unique_of(options) then error('a unique key as digest:letters:mode expected') end
      if d and not (u and string.find(d, '^%d+:%d*$') and values[first + 7 * n - 6] ~= '0') then error('a wait as quiet:longest expected') end
      if b and not string.find(b, '^%d+$') then error('bytes expected') end
    end
  end
end

-- A call that stands for an earlier one of the same script call stands for that one's job.
-- Only a new call can stand for another: the id of an older job, sent again, stands for itself.
local function same_jobs(ids, words, fresh)
  local instead = {}
  for _, n in ipairs(fresh) do instead[ids[n]] = string.match(words[n], '^%u+ (%S+)$') end
  for n, word in ipairs(words) do
    local verb, id = string.match(word, '^(%u+) (%S+)$')
    if id and instead[id] then words[n] = verb .. ' ' .. instead[id] end
  end
end
