-- A binary heap of tables, the least first by `key`, then by `rank`.
local function before(a, b)
  return a.key < b.key or (a.key == b.key and a.rank < b.rank)
end

local function heap_push(heap, item)
  local at = #heap + 1
  while at > 1 do
    local up = math.floor(at / 2)
    if not before(item, heap[up]) then break end
    heap[at], at = heap[up], up
  end
  heap[at] = item
end

local function heap_pop(heap)
  local top, last = heap[1], table.remove(heap)
  if top == last then return top end
  local at, size = 1, #heap
  while 2 * at <= size do
    local down = 2 * at
    if down < size and before(heap[down + 1], heap[down]) then down = down + 1 end
    if not before(heap[down], last) then break end
    heap[at], at = heap[down], down
  end
  heap[at] = last
  return top
end
