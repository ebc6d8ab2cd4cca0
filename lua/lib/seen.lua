-- Which declarations of a schedule were seen: `<fingerprint> <first ms> <last ms>`, with `;` between.
local function parse_seen(text)
  local seen = {}
  for author, first, last in string.gmatch(text or '', '([^%s;]+) (%d+) (%d+)') do
    seen[#seen + 1] = { author = author, first = tonumber(first), last = tonumber(last) }
  end
  return seen
end

-- The text, without all but the eight that were seen last.
local function seen_text(seen)
  table.sort(seen, function(a, b) return a.last > b.last end)
  local texts = {}
  for i = 1, math.min(#seen, 8) do
    texts[i] = seen[i].author .. ' ' .. whole(seen[i].first) .. ' ' .. whole(seen[i].last)
  end
  return table.concat(texts, ';')
end

-- Notes that `author` is declared now. Is it to be the definition? One never seen is; one seen before only if
-- none that was first seen later is declared any more (a rollback). A schedule changed at run time (`-`) stays
-- so until there is a new declaration.
local function declared(seen, author, current, now, hold_ms, forget_ms)
  local mine, theirs, newest = nil, nil, 0
  for _, one in ipairs(seen) do
    if one.author == author then mine = one end
    if one.author == current then theirs = one end
    if one.last >= now - hold_ms then newest = math.max(newest, one.first) end
  end
  local is_new = not mine or (current ~= '-' and current ~= author and mine.last < now - forget_ms)
  if not mine then
    mine = { author = author }
    seen[#seen + 1] = mine
  end
  if is_new then mine.first = now end
  mine.last = now
  if current == author or is_new then return is_new and current ~= author end
  local tie = theirs and theirs.last >= now - hold_ms and theirs.first == mine.first
  return current ~= '-' and mine.first >= newest and not tie
end
