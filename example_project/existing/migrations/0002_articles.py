"""Something to read."""

from django.db import migrations

ARTICLES = {
    "Bread in an evening": "Flour, water, salt, and four hours in which you do something else.",
    "Soup for nine": "The pot is too small, the carrots are too many, and nobody minds.",
}


def write(apps, schema_editor):
    article = apps.get_model("existing", "Article")
    for title, text in ARTICLES.items():
        article.objects.create(title=title, text=text)


class Migration(migrations.Migration):
    dependencies = [("existing", "0001_initial")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
