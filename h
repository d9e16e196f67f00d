HTTP/2 201 
cache-control: public, max-age=0, no-cache
content-type: application/json; charset=utf-8
link: <https://localhost:14000/dir>;rel="index"
location: https://localhost:14000/my-order/x
replay-nonce: abcdef
content-length: 300
date: Thu, 26 Nov 2026 18:46:00 GMT

