-- token, next, milliseconds
local old = prefix .. 'token:' .. ARGV[1]
local v = redis.call('HMGET', old, 'family', 'user', 'used')
if not v[1] then return {'missing'} end
local family = prefix .. 'family:' .. v[1]
if redis.call('EXISTS', family) == 0 then return {'missing'} end
if v[3] then
  redis.call('DEL', family)
  return {'reused'}
end
redis.call('HSET', old, 'used', 1)
local new = prefix .. 'token:' .. ARGV[2]
redis.call('HSET', new, 'family', v[1], 'user', v[2])
redis.call('PEXPIRE', new, ARGV[3])
redis.call('SET', family, ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', prefix .. 'sessions:' .. v[2], ARGV[3])
return {'ok', v[2]}
