--# include lib/line_keys.lua
-- The key of what running jobs have beside the line's; for scripts in which a run ends.
local cancelling = KEYS[+] -- zset, lex: "worker id" of each running job whose worker is to end it
park.cancelling = cancelling
