-- id
return record(ARGV[1])
