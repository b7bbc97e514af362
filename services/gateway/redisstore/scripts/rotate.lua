-- family, token, next, milliseconds
local session = session_key(ARGV[1])
local v = redis.call('HMGET', session, 'user', 'newest')
if not v[1] then return {'missing'} end
if v[2] ~= ARGV[2] then
  redis.call('DEL', session)
  return {'reused'}
end
redis.call('HSET', session, 'newest', ARGV[3])
redis.call('PEXPIRE', session, ARGV[4])
redis.call('PEXPIRE', sessions_key(v[1]), ARGV[4])
return {'ok', v[1]}
