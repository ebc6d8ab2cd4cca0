#!lua flags=no-writes
-- The options of tasks as their workers published them.
-- Returns a JSON text per task, empty where none is known.
local policy = KEYS[1] -- hash, task -> JSON
local first_item = 1 -- ARGV[1...]: task names

local texts = redis.call('HMGET', policy, unpack(ARGV, first_item))
for i, text in ipairs(texts) do texts[i] = text or '' end
return texts
