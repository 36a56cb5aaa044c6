/// The queue's state in Redis and the scripts that change it.
///
/// All keys begin with `{prefix}:queue:`. For each lane:
///
/// - `<lane>:items:<class>:<tenant>`: what waits, a sorted set in the order of the items' names: oldest job first.
/// - `<lane>:audio`: a hash from an item's name to its audio in milliseconds.
/// - `<lane>:tenants:<class>`: the tenants with something waiting, by the virtual time of their next turn.
/// - `<lane>:idle:<class>`: those with nothing waiting that are ahead of the virtual time, so that nobody gains by coming
///   back again and again.
/// - `<lane>:times`: the virtual times of the lane, its classes, and the tenants of each class.
/// - `<lane>:delayed`: what waits for its delay, by due time; `<lane>:delayed:about` has the rest of each.
/// - `<lane>:deliveries`: a stream with the consumer group `workers`. A delivery is an entry until it is acknowledged: who
///   works on what is in the group's pending list.
///
/// The order is start-time fair queueing (Goyal, Vin and Cheng, 1996) on two levels, classes by weight and tenants within
/// a class: whose next turn begins first in virtual time is served, and its next turn begins later by the audio served,
/// divided by the weight.
///
/// Every script makes do with whatever keys are left, as a server may evict some or lose all: each key is only ever a hint.
enum QueueScripts {
    static let group = "workers"

    static let enqueue = RedisScript(prelude + add + enqueueBody)
    static let take = RedisScript(prelude + add + takeBody)
    static let acknowledge = RedisScript(prelude + acknowledgeBody)
    static let depth = RedisScript(prelude + depthBody)
    static let tidy = RedisScript(prelude + tidyBody)

    private static let prelude = """
        local lane = KEYS[1] .. ':queue:' .. ARGV[1]
        local times = lane .. ':times'
        local audios = lane .. ':audio'
        local delayed = lane .. ':delayed'
        local about = lane .. ':delayed:about'
        local deliveries = lane .. ':deliveries'
        local function tenants(class) return lane .. ':tenants:' .. class end
        local function idle(class) return lane .. ':idle:' .. class end
        local function items(class, tenant) return lane .. ':items:' .. class .. ':' .. tenant end
        local function virtual(field) return tonumber(redis.call('HGET', times, field) or '0') or 0 end
        local function milliseconds()
            local time = redis.call('TIME')
            return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        end

        """

    private static let add = """
        -- Makes an item wait for its turn. Returns whether it did not already.
        local function add(name, class, tenant, audio)
            local isNew = redis.call('ZADD', items(class, tenant), 0, name) == 1
            if isNew then redis.call('HSET', audios, name, audio) end
            if not redis.call('ZSCORE', tenants(class), tenant) then
                if redis.call('EXISTS', tenants(class)) == 0 then
                    redis.call('HSET', times, 'turn:' .. class, math.max(virtual('lane'), virtual('turn:' .. class)))
                end
                local turn = tonumber(redis.call('ZSCORE', idle(class), tenant) or '0')
                redis.call('ZREM', idle(class), tenant)
                redis.call('ZADD', tenants(class), math.max(virtual('class:' .. class), turn), tenant)
            end
            return isNew
        end

        """

    /// Arguments: lane, delay in milliseconds, bell; then for each item its name, class, tenant and audio.
    /// Rings the bell with the number of items that can be taken at once, or 0 where the next due time came nearer.
    private static let enqueueBody = """
        local delay = tonumber(ARGV[2])
        local now = milliseconds()
        local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
        local added, isNearer = 0, false
        for i = 4, #ARGV, 4 do
            local name, class, tenant, audio = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
            if delay == 0 then
                -- First, so that a server that has used up its memory refuses it.
                if add(name, class, tenant, audio) then added = added + 1 end
                if redis.call('ZREM', delayed, name) == 1 then redis.call('HDEL', about, name) end
            elseif not redis.call('ZSCORE', items(class, tenant), name) then
                local due = tonumber(redis.call('ZSCORE', delayed, name))
                if not due or due > now + delay then
                    redis.call('ZADD', delayed, now + delay, name)
                    redis.call('HSET', about, name, class .. ':' .. audio .. ':' .. tenant)
                    isNearer = isNearer or not first or tonumber(first) > now + delay
                end
            end
        end
        if added > 0 or isNearer then redis.call('PUBLISH', ARGV[3], added) end
        return added
        """

    /// Arguments: lane, consumer; then each class and its weight.
    /// Returns the delivery's id, the item's name, class, tenant and audio, how many more wait, and the milliseconds until
    /// a delayed item is due; -1: there is none. Where nothing waits, only the last of these.
    private static let takeBody = """
        local now = milliseconds()
        local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 200)
        for _, name in ipairs(due) do
            redis.call('ZREM', delayed, name)
            local class, audio, tenant = string.match(redis.call('HGET', about, name) or '', '^(%a+):(%d+):(.*)$')
            redis.call('HDEL', about, name)
            if class then add(name, class, tenant, audio) end
        end

        local nearest = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
        local untilDue = nearest and math.max(0, tonumber(nearest) - now) or -1

        local class, turn, weight, tenant, start, name
        while not name do
            class = nil
            for i = 3, #ARGV, 2 do
                if redis.call('EXISTS', tenants(ARGV[i])) == 1 then
                    local candidate = virtual('turn:' .. ARGV[i])
                    if not class or candidate < turn then
                        class, turn, weight = ARGV[i], candidate, tonumber(ARGV[i + 1])
                    end
                end
            end
            if not class then
                redis.call('DEL', times, audios)
                if not nearest then redis.call('DEL', about) end
                return untilDue
            end
            local front = redis.call('ZRANGE', tenants(class), 0, 0, 'WITHSCORES')
            tenant, start = front[1], tonumber(front[2])
            name = redis.call('ZRANGE', items(class, tenant), 0, 0)[1]
            if not name then redis.call('ZREM', tenants(class), tenant) end
        end

        -- A removal first: after it, a server that has used up its memory lets the script go on.
        redis.call('ZREM', items(class, tenant), name)
        local audio = redis.call('HGET', audios, name) or '0'
        redis.call('HDEL', audios, name)
        local cost = math.max(1000, tonumber(audio) or 0)
        redis.call('HSET', times, 'class:' .. class, start, 'lane', turn, 'turn:' .. class, turn + cost / weight)
        if redis.call('EXISTS', items(class, tenant)) == 1 then
            redis.call('ZADD', tenants(class), start + cost, tenant)
        else
            redis.call('ZREM', tenants(class), tenant)
            redis.call('ZADD', idle(class), start + cost, tenant)
        end
        if redis.call('EXISTS', tenants(class)) == 1 then
            redis.call('ZREMRANGEBYSCORE', idle(class), '-inf', start)
        else
            redis.call('DEL', idle(class))
            redis.call('HDEL', times, 'class:' .. class)
        end

        -- An error says that the group is there already.
        if redis.call('EXISTS', deliveries) == 0 then
            redis.pcall('XGROUP', 'CREATE', deliveries, 'workers', '$', 'MKSTREAM')
        end
        local entry = redis.call('XADD', deliveries, '*', 'item', name, 'class', class, 'tenant', tenant, 'audio', audio)
        local function read()
            return redis.pcall('XREADGROUP', 'GROUP', 'workers', ARGV[2], 'COUNT', 100, 'STREAMS', deliveries, '>')
        end
        local reply = read()
        if reply and reply.err then
            redis.call('XGROUP', 'CREATE', deliveries, 'workers', '0')
            reply = read()
        end
        -- What somebody else put there is not ours to work on.
        for _, read in ipairs(reply and reply[1] and reply[1][2] or {}) do
            if read[1] ~= entry then
                redis.call('XACK', deliveries, 'workers', read[1])
                redis.call('XDEL', deliveries, read[1])
            end
        end
        return {entry, name, class, tenant, audio, redis.call('HLEN', audios), untilDue}
        """

    /// Arguments: lane, the delivery's id.
    private static let acknowledgeBody = """
        redis.pcall('XACK', deliveries, 'workers', ARGV[2])
        return redis.call('XDEL', deliveries, ARGV[2])
        """

    /// Arguments: lane; then the classes.
    private static let depthBody = """
        local count = redis.call('ZCARD', delayed)
        for i = 2, #ARGV do
            for _, tenant in ipairs(redis.call('ZRANGE', tenants(ARGV[i]), 0, -1)) do
                count = count + redis.call('ZCARD', items(ARGV[i], tenant))
            end
        end
        return count
        """

    /// Arguments: lane, the age in milliseconds from which a delivery is given up. An entry is delivered in the moment it
    /// is made, so its id tells its age.
    private static let tidyBody = """
        local limit = milliseconds() - tonumber(ARGV[2])
        local dropped = 0
        if redis.call('EXISTS', deliveries) == 0 then return 0 end
        for _, entry in ipairs(redis.call('XRANGE', deliveries, '-', limit, 'COUNT', 1000)) do
            redis.pcall('XACK', deliveries, 'workers', entry[1])
            redis.call('XDEL', deliveries, entry[1])
            dropped = dropped + 1
        end
        if redis.call('XLEN', deliveries) == 0 then
            -- The group goes with it, and all consumers; the next delivery makes them again.
            redis.call('DEL', deliveries)
            return dropped
        end
        local consumers = redis.pcall('XINFO', 'CONSUMERS', deliveries, 'workers')
        for _, consumer in ipairs(consumers.err and {} or consumers) do
            local fields = {}
            for i = 1, #consumer, 2 do fields[consumer[i]] = consumer[i + 1] end
            if fields.pending == 0 and fields.idle > tonumber(ARGV[2]) then
                redis.call('XGROUP', 'DELCONSUMER', deliveries, 'workers', fields.name)
            end
        end
        return dropped
        """
}
