-- group, event's id, event, deliveries, reason
if redis.call('XACK', events, ARGV[1], ARGV[2]) == 1 then
  redis.call('XADD', prefix .. 'dead', 'MAXLEN', '~', MAX_EVENTS, '*',
    'id', ARGV[2], 'event', ARGV[3], 'deliveries', ARGV[4], 'reason', ARGV[5])
end
return 'ok'
