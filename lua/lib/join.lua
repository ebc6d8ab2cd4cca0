-- A class that is new in the line joins those who wait for one of its limiters, instead of finding out.
local function join_gates(keys, moved, stored, names, now_us)
  local ids, known = {}, {}
  for i, class in ipairs(names) do
    if moved[class] == false and not stored[i] and home_of(class) == '*' then
      for _, limiter in ipairs(select(3, class_parts(class))) do
        if not known[limiter[2]] then known[limiter[2]], ids[#ids + 1] = true, limiter[2] end
      end
    end
  end
  if #ids == 0 then return moved end
  for i, look in ipairs(redis.call('ZMSCORE', keys.gates, unpack(ids))) do
    known[ids[i]] = look and tonumber(look) > now_us
  end
  for i, class in ipairs(names) do
    if moved[class] == false and not stored[i] and home_of(class) == '*' then
      for _, limiter in ipairs(select(3, class_parts(class))) do
        if known[limiter[2]] then moved[class] = limiter[2] end
      end
    end
  end
  return moved
end
