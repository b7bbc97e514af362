-- family
redis.call('DEL', session_key(ARGV[1]))
return 'ok'
