-- key, digest
return standing(ARGV[1], ARGV[2])
