-- What `places` says of a class: its gate, its first job and, behind one more \0, that it is known to have no other.
local function class_place(text)
  return string.match(text or '', '^([^%z]+)%z([^%z]*)(%z?)$')
end

-- What it says of a seat: the key of its turn, and the class that is known to be the only one there.
local function seat_place(text)
  if not text then return nil, '' end
  return string.sub(text, 1, 15), string.sub(text, 17)
end

local function seat_text(key, class)
  return class == '' and key or key .. '\0' .. class
end
