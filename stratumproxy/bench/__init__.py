"""Load for any Stratum V1 server, pool or proxy, and what it costs beside the least it could cost.

``stratumproxy bench`` is its command; bench/README.md in the repository says what is measured, and
how. Linux only: the load generator wants epoll and the kernel's receive timestamps.

==============  ==================================================================
`config`        a file of servers and scenarios
`build`         the generator and the floor, compiled on first use
`place`         cores, ports, addresses that may be loaded
`servers`       a server, started here or running already
`generator`     the load generator's processes, step by step
`merge`         reports of several generators as one
`figures`       what is read off a report
`findings`      what makes a run no result, and what a server did wrong
`expect`        expectations, and whether they are met
`rounds`        all runs of a scenario
`results`       what came of them, as JSON
`table`         for people
`compare`       two results side by side
`charts`        a result as pictures, `svg` the lines and letters of them
`split`         farms under the controller that splits them, simulated: no load
==============  ==================================================================
"""
