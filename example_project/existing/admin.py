from django.contrib import admin

from .models import Article, Bookmark, Member

admin.site.register([Article, Bookmark, Member])
