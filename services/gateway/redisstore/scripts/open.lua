-- family, user, token, milliseconds
redis.call('HSET', prefix .. 'token:' .. ARGV[3], 'family', ARGV[1], 'user', ARGV[2])
redis.call('PEXPIRE', prefix .. 'token:' .. ARGV[3], ARGV[4])
redis.call('SET', prefix .. 'family:' .. ARGV[1], 1, 'PX', ARGV[4])
return 'ok'
