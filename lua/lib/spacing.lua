-- The us from one start of a rate to the next: what was declared, and a hundredth more, 10 ms at most. A worker can be
-- late with one start and on time with the next; the window between them is to hold no start too many all the same.
local function spacing(interval)
  return interval + math.min(interval / 100, 10000)
end
