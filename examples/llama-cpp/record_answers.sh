#!/bin/sh
# Writes what llama.cpp's server answers, for the tests of the parsers:
#     sh record_answers.sh URL DIRECTORY
# with the server of serve.py at URL, as http://127.0.0.1:8080.
set -eu
url=$1
cd "$2"
post() { # FILE PATH BODY
    curl --silent --no-buffer --header 'content-type: application/json' --data "$3" "$url$2" > "$1"
}
prompt='[5,6,7,8,9,10,11,12]'
post completion.json /completion '{"prompt":'"$prompt"',"n_predict":4,"cache_prompt":false,"ignore_eos":true,"temperature":0,"seed":1}'
# The same prompt twice, with a cache.
post completion_cached.json /completion '{"prompt":'"$prompt"',"n_predict":1,"cache_prompt":true}'
post completion_cached.json /completion '{"prompt":'"$prompt"',"n_predict":1,"cache_prompt":true,"ignore_eos":true}'
post completion_too_long.json /completion '{"prompt":['"$(seq -s, 3 5002)"'],"n_predict":1}'
post openai_completion.json /v1/completions '{"prompt":'"$prompt"',"max_tokens":4,"ignore_eos":true,"cache_prompt":false,"temperature":0,"seed":1}'
post openai_completion_stream.txt /v1/completions '{"prompt":'"$prompt"',"max_tokens":4,"ignore_eos":true,"cache_prompt":false,"temperature":0,"seed":1,"stream":true,"stream_options":{"include_usage":true}}'
messages='[{"role":"user","content":"ab cd ef"}]'
post openai_chat.json /v1/chat/completions '{"messages":'"$messages"',"max_tokens":4,"ignore_eos":true,"cache_prompt":false,"temperature":0,"seed":1}'
post openai_chat_stream.txt /v1/chat/completions '{"messages":'"$messages"',"max_tokens":4,"ignore_eos":true,"cache_prompt":false,"temperature":0,"seed":1,"stream":true,"stream_options":{"include_usage":true}}'
post openai_chat_no_messages.json /v1/chat/completions '{"max_tokens":4}'
