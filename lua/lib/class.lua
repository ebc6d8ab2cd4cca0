--# include lib/state.lua
-- The class of a parked job: `<task>|<lane>|<limiter>…`. Jobs of one class are interchangeable but for
-- their order, so that what stops one stops all: it is the unit that waits at a gate.
local function class_of(task, options)
  return task .. '|' .. (record_option(options, 'q') or '')
end

-- Is it one that is not put into the stream?
local function is_parked_kind(options)
  return options ~= '-' and (record_option(options, 'q') or record_option(options, 'p')) and true or false
end

-- Where a class waits while nothing is known to stop it: `*`, or the gate of its ordered lane, where what
-- comes later can't pass it.
local function home_of(class)
  return string.match(string.match(class, '^[^|]*|[^|]*(.*)$'), '|(o[^|]*)') or '*'
end

-- Its lane, and the limiters it takes, each as `{kind, id, numbers}`: kind r (rate), c (concurrency) or
-- o (ordered lane); the id is the kind, the definition's name and, behind `!`, a key.
local function class_parts(class)
  local task, lane, rest = string.match(class, '^([^|]*)|([^|]*)(.*)$')
  local limiters = {}
  for id, numbers in string.gmatch(rest, '|([^=|]+)=?([^|]*)') do
    limiters[#limiters + 1] = { string.sub(id, 1, 1), id, numbers }
  end
  return task, lane, limiters
end

-- The members of `slots` that a running job of this class has: one for each limit of concurrency.
local function class_slots(class, id, slots, but_ordered)
  for _, limiter in ipairs(select(3, class_parts(class))) do
    if limiter[1] == 'c' or (limiter[1] == 'o' and not but_ordered) then slots[#slots + 1] = limiter[2] .. '\0' .. id end
  end
end
