"""Two names are confusable when a tired person, or a language model, would take one for the other.

Compared with well-known names only: those listed here, chosen by hand among the most depended-on packages
of each ecosystem. Five characters or more; well-known names are never confusable with each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_NPM = """
    @angular/core @babel/core @types/node @types/react @typescript-eslint/parser acorn ajv angular
    ansi-styles anthropic apollo-client archiver async autoprefixer aws-sdk axios babel-core
    babel-loader bcrypt bcryptjs bluebird body-parser bootstrap browserify browserslist chalk
    chart.js cheerio chokidar classnames cli-table coffee-script colors commander compression
    concurrently connect cookie-parser core-js cross-env cross-fetch cross-spawn crypto-js
    css-loader cypress d3 date-fns dayjs debug discord.js dotenv ejs electron elliptic enzyme
    esbuild eslint eslint-config-prettier eslint-plugin-import eslint-plugin-prettier
    eslint-plugin-react eslint-plugin-unused-imports ethers event-stream eventemitter3 express faker
    fast-glob fastify file-loader flat-cache follow-redirects form-data formik framer-motion
    fs-extra gatsby glob google-auth-library graphql grunt gulp handlebars helmet highlight.js
    html-webpack-plugin http-proxy husky immer immutable inquirer ioredis isomorphic-fetch jasmine
    jest jquery js-yaml jsdom jsonwebtoken karma keyv knex langchain leaflet lerna less lint-staged
    lodash lodash.merge lottie-web mapbox-gl marked material-ui meow micromatch minimatch minimist
    mkdirp mocha moment moment-timezone mongodb mongoose morgan multer mysql mysql2 nanoid nestjs
    next node-fetch node-forge node-ipc node-sass nodemailer nodemon npm-run-all nuxt openai ora
    parcel passport path-to-regexp pino playwright plotly.js postcss postcss-loader preact prettier
    prisma prop-types protobufjs puppeteer qs ramda react react-dom react-native react-redux
    react-router react-router-dom react-scripts redis redux redux-thunk reflect-metadata
    regenerator-runtime request require-dir rimraf rollup rxjs sass sass-loader semver sequelize
    serve shelljs sinon socket.io socket.io-client solid-js source-map-support storybook strip-ansi
    style-loader styled-components superagent supertest svelte swiper tailwindcss terser three
    through2 ts-jest ts-loader ts-node tslib turbo typeorm typescript ua-parser-js uglify-js
    underscore undici uuid validator vite vitest vue vue-router vuex web3 webpack webpack-cli
    webpack-dev-server winston ws xml2js yargs yup zod zustand
"""

_PYPI = """
    absl-py accelerate aiobotocore aiofiles aiohttp airflow alembic altair ansible anthropic anyio
    apache-airflow arrow asyncpg attrs autogen awscli azure-core azure-identity azure-storage-blob
    babel bcrypt beautifulsoup4 bitsandbytes black bokeh boto3 botocore cachetools catboost celery
    certifi cffi chainer chardet charset-normalizer chromadb click cloudpickle colorama coloredlogs
    coverage crewai cryptography cython dask dataclasses-json datasets deepspeed diffusers
    discord.py django django-cors-headers djangorestframework docker docutils einops elasticsearch
    evaluate faiss-cpu fastapi fastmcp filelock flake8 flask flask-cors flask-sqlalchemy fonttools
    fsspec gensim gevent gitpython google-api-core google-api-python-client google-auth
    google-cloud-storage gradio greenlet grpcio gunicorn gymnasium h5py httptools httpx
    huggingface-hub hydra-core hypothesis idna imageio importlib-metadata ipython isort itsdangerous
    jax jaxlib jinja2 joblib jsonschema jupyter jupyterlab keras kombu kubernetes langchain
    langchain-community langchain-core langgraph librosa lightgbm lightning litellm llama-cpp-python
    llama-index loguru lxml mako markdown markupsafe marshmallow matplotlib mlflow more-itertools
    msgpack multidict mypy mysqlclient networkx nltk notebook numba numpy oauthlib onnx onnxruntime
    openai opencv-python openpyxl optuna orjson packaging pandas paramiko parso pathspec peft
    pexpect pillow pipenv platformdirs playwright plotly pluggy poetry polars pre-commit
    prometheus-client prompt-toolkit protobuf psutil psycopg2 psycopg2-binary pyarrow pyasn1
    pycparser pycryptodome pydantic pydantic-settings pygments pyjwt pylint pymongo pymysql
    pyopenssl pyparsing pytest pytest-asyncio pytest-cov python-dateutil python-dotenv
    python-multipart pytorch-lightning pytz pyyaml pyzmq ray redis regex requests requests-oauthlib
    rich ruamel.yaml ruff s3fs sacrebleu safetensors scikit-image scikit-learn scipy seaborn
    selenium sentence-transformers sentencepiece sentry-sdk setuptools shapely simplejson sniffio
    soupsieve spacy sphinx sqlalchemy sqlmodel starlette statsmodels streamlit sympy tabulate
    tenacity tensorboard tensorflow termcolor tiktoken timm tokenizers tomli torch torchaudio
    torchvision tornado tqdm traitlets transformers triton trl typer typing-extensions tzdata ujson
    ultralytics unidecode urllib3 uvicorn uvloop virtualenv vllm wandb watchdog websocket-client
    websockets werkzeug wheel wrapt xarray xformers xgboost xlrd xmltodict yarl zeep zipp
"""

_SEPARATORS = re.compile(r"[-_.]+")
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁɡոһνωαοιρτυκ0135", "aeopcyxijsdgnhvwaoiptuk" + "oles")


def confused_with(ecosystem: str, name: str) -> str:
    """The well-known name for which `name` could be taken, or nothing.

    One edit apart (a letter more, less, replaced, or two neighbours swapped), the same but for
    separators or word order, or the same once look-alike letters of other scripts are read as Latin.
    """
    known = _known(ecosystem)
    folded = unicodedata.normalize("NFKC", name).lower()
    if not known or folded in known.names or len(folded) < 5:
        return ""
    squeezed = _squeezed(folded)
    for form in (squeezed, squeezed.translate(_LOOK_ALIKE)):
        if form in known.squeezed and (form != squeezed or known.squeezed[form] != folded):
            return known.squeezed[form]
    words = " ".join(sorted(_SEPARATORS.split(folded)))
    if words in known.words:
        return known.words[words]
    for less in _deletions(squeezed):
        meant = known.deletions.get(less, "")
        if meant and _one_edit(squeezed, _squeezed(meant)):
            return meant
    return ""


class _Known:
    def __init__(self, text: str) -> None:
        self.names = frozenset(text.split())
        self.squeezed = {_squeezed(name): name for name in self.names}
        self.words = {" ".join(sorted(_SEPARATORS.split(n))): n for n in self.names if _SEPARATORS.search(n)}
        self.deletions = {
            less: name
            for name in sorted(self.names)
            if len(name) >= 5
            for less in _deletions(_squeezed(name))
        }


@lru_cache(maxsize=4)
def _known(ecosystem: str) -> _Known | None:
    text = {"npm": _NPM, "PyPI": _PYPI}.get(ecosystem)
    return _Known(text) if text else None


def _squeezed(name: str) -> str:
    return _SEPARATORS.sub("", name)


def _deletions(name: str) -> Iterator[str]:
    yield name
    for index in range(len(name)):
        yield name[:index] + name[index + 1 :]


def _one_edit(left: str, right: str) -> bool:
    """Optimal string alignment distance of exactly 1."""
    if left == right:
        return False
    if len(left) < len(right):
        left, right = right, left
    if len(left) - len(right) > 1:
        return False
    start = 0
    while start < len(right) and left[start] == right[start]:
        start += 1
    if len(left) > len(right):
        return left[start + 1 :] == right[start:]
    if left[start + 1 :] == right[start + 1 :]:
        return True
    swapped = left[start + 1 : start + 2] + left[start : start + 1]
    return right[start : start + 2] == swapped and left[start + 2 :] == right[start + 2 :]
