--# include lib/rest.lua
--# include lib/holder.lua
--# include lib/state.lua
-- As `holders`, for the call that is made most: what the jobs still held have, side by side in lists instead
-- of a table for each, `at[i]` the first ARGV of job i; and how many of them each token holds.
-- `occupying`: those that vacate is for.
local function holding(state, first_item, width)
  local ids = rest_column(first_item, width, 1)
  local states = redis.call('HMGET', state, unpack(ids))
  local mine = { at = {}, ids = {}, entries = {}, attempts = {}, occupying = {} }
  local words, seen, by_token, n = {}, {}, {}, 0
  for i, id in ipairs(ids) do
    local at = first_item + width * (i - 1)
    local attempt, entry, token = string.match(states[i] or '', '^R (%d+) %d+ (%S+) (%S+)')
    if not token or token ~= ARGV[at + 1] then
      words[i] = 'LEASELOST'
    elseif seen[id] then
      words[i] = 'ALREADY'
    else
      n = n + 1
      seen[id], words[i] = true, 'OK'
      mine.at[n], mine.ids[n], mine.entries[n], mine.attempts[n] = at, id, entry, attempt
      local last = string.byte(states[i], -1)
      if last == 43 or last == 33 or string.byte(entry) == 38 then -- + or ! behind it, or it was pumped
        local _, _, _, _, _, _, marked, asked = parse_state(states[i])
        mine.occupying[#mine.occupying + 1] = { id = id, entry = entry, marked = marked, asked = asked }
      end
      by_token[token] = (by_token[token] or 0) + 1
    end
  end
  return words, mine, by_token
end
