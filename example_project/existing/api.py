"""The API: articles, as they were before, and bookmarks, which readers have as well."""

from typing import Any

from rest_framework import generics, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly

from django_identityx.authentication import IdentityXAuthentication

from .models import Article, Bookmark


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "text"]


class BookmarkSerializer(serializers.ModelSerializer[Bookmark]):
    class Meta:
        model = Bookmark
        fields = ["id", "article"]


class Articles(generics.ListCreateAPIView[Article]):
    """Not touched: everybody reads, members write."""

    queryset = Article.objects.order_by("pk")
    serializer_class = ArticleSerializer
    permission_classes = [IsAuthenticatedOrReadOnly]

    def perform_create(self, serializer: Any) -> None:
        serializer.save(author=self.request.user)


class Bookmarks(generics.ListCreateAPIView[Bookmark]):
    """For everybody who is signed in, by the session or by a token of IdentityX's."""

    serializer_class = BookmarkSerializer
    authentication_classes = [IdentityXAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]

    def get_queryset(self) -> Any:
        return self.request.user.bookmarks.order_by("pk")  # type: ignore[union-attr]

    def perform_create(self, serializer: Any) -> None:
        serializer.save(member=self.request.user)
