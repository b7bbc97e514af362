-- family, user, token, milliseconds
local sessions = sessions_key(ARGV[2])
for _, family in ipairs(redis.call('LRANGE', sessions, 0, -1)) do
  local over = redis.call('EXISTS', session_key(family)) == 0
  if over or family == ARGV[1] then redis.call('LREM', sessions, 1, family) end
end
while redis.call('LLEN', sessions) >= MAX_SESSIONS do
  redis.call('DEL', session_key(redis.call('LPOP', sessions)))
end
redis.call('RPUSH', sessions, ARGV[1])
redis.call('PEXPIRE', sessions, ARGV[4])

local session = session_key(ARGV[1])
redis.call('HSET', session, 'user', ARGV[2], 'newest', ARGV[3])
redis.call('PEXPIRE', session, ARGV[4])
return 'ok'
