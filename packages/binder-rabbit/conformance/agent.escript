#!/usr/bin/env escript
%% Evaluates expressions on the broker's node and answers as JSON: what rabbitmqctl eval does, without a virtual machine
%% that starts for each question. Ends when its input ends, with the process that started it.
%%! -hidden

main([Socket, Name, Node]) ->
    {ok, _} = net_kernel:start([list_to_atom(Name), shortnames]),
    {ok, Listener} = gen_tcp:listen(0, [{ifaddr, {local, Socket}}, binary, {packet, 4}, {active, false}]),
    spawn_link(fun() -> accept(Listener, list_to_atom(Node)) end),
    io:put_chars("ready\n"),
    eof = io:get_line(""),
    halt(0).

accept(Listener, Node) ->
    {ok, Connection} = gen_tcp:accept(Listener),
    Server = spawn(fun() -> receive go -> serve(Connection, Node) end end),
    ok = gen_tcp:controlling_process(Connection, Server),
    Server ! go,
    accept(Listener, Node).

serve(Connection, Node) ->
    case gen_tcp:recv(Connection, 0) of
        {ok, Text} ->
            ok = gen_tcp:send(Connection, answer(Node, binary_to_list(Text))),
            serve(Connection, Node);
        {error, _} ->
            ok
    end.

answer(Node, Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    case rpc:call(Node, erl_eval, exprs, [Expressions, []], 30000) of
        {value, Value, _} -> rpc:call(Node, rabbit_json, encode, [#{value => Value}]);
        {badrpc, Reason} -> failure(Reason)
    end.

failure(Reason) ->
    Text = unicode:characters_to_binary(io_lib:format("~0p", [Reason])),
    Escaped = re:replace(Text, "[\"\\\\]", "\\\\&", [global]),
    ["{\"error\":\"", Escaped, "\"}"].
