-- event
publish(ARGV[1])
return 'ok'
