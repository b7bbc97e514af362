-- family, user, token, milliseconds
local sessions = prefix .. 'sessions:' .. ARGV[2]
for _, family in ipairs(redis.call('LRANGE', sessions, 0, -1)) do
  local over = redis.call('EXISTS', prefix .. 'family:' .. family) == 0
  if over or family == ARGV[1] then redis.call('LREM', sessions, 1, family) end
end
while redis.call('LLEN', sessions) >= MAX_SESSIONS do
  local oldest = prefix .. 'family:' .. redis.call('LPOP', sessions)
  redis.call('DEL', prefix .. 'token:' .. text(redis.call('GET', oldest)), oldest)
end
redis.call('RPUSH', sessions, ARGV[1])
redis.call('PEXPIRE', sessions, ARGV[4])

redis.call('HSET', prefix .. 'token:' .. ARGV[3], 'family', ARGV[1], 'user', ARGV[2])
redis.call('PEXPIRE', prefix .. 'token:' .. ARGV[3], ARGV[4])
redis.call('SET', prefix .. 'family:' .. ARGV[1], ARGV[3], 'PX', ARGV[4])
return 'ok'
